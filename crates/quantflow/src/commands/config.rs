//! `quantflow config show|check`

use crate::arguments::ConfigCommand;
use crate::config::Settings;
use crate::config::form::Form;
use crate::config::schema::{self, KEYS};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Cell, Column, Listing};

/// Shows or checks the configuration.
pub(crate) fn run(context: &Context, command: &ConfigCommand) -> Outcome {
    match command {
        ConfigCommand::Show => show(context),
        ConfigCommand::Check => check(context),
    }
}

fn show(context: &Context) -> Outcome {
    let loaded = context.loaded()?;
    let mut listing = Listing::new(Column::all(["key", "value", "from", "meaning"]));
    for (path, value) in loaded.iter() {
        let key = schema::find(path);
        let hidden = key.is_some_and(|key| key.form == Form::Secret);
        let text = if hidden {
            "(secret)"
        } else {
            value.text.as_str()
        };
        listing.push(vec![
            Cell::text(path),
            Cell::text(text),
            Cell::text(&value.from),
            Cell::text(key.map_or("", |key| key.doc)),
        ]);
    }
    for key in KEYS
        .iter()
        .filter(|key| key.default.is_empty() && loaded.get(key.path).is_none())
    {
        // `*` keys that nobody set, as an invitation
        listing.push(vec![
            Cell::text(key.path),
            Cell::Empty,
            Cell::text("not set"),
            Cell::text(key.doc),
        ]);
    }
    context.terminal.show(&listing)
}

fn check(context: &Context) -> Outcome {
    let checked = context.loaded().and_then(|loaded| {
        Settings::from_loaded(&loaded)?;
        Ok(loaded)
    });
    // here the configuration is the work, not the usage
    let loaded = checked.map_err(|failure| Failure {
        usage: false,
        ..failure
    })?;
    let set = loaded
        .iter()
        .filter(|(_, value)| value.from != "default")
        .count();
    let file = loaded
        .file
        .as_ref()
        .map_or_else(|| "no file".to_owned(), |file| file.display().to_string());
    context.terminal.show_text(&format!(
        "the configuration is right: {set} of {} settings set ({file})\n",
        loaded.iter().count()
    ))
}
