//! Whatever is committed, merged, cleared and reopened: the answers are those of the fake.

use proptest::prelude::*;
use quantflow_testkit::series_store_suite::{ops, same_history};

use crate::suite::{Folder, files_only, tiny};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn merging_and_reopening_change_no_answer(history in ops(14), files in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let options = if files { files_only() } else { tiny() };
        runtime.block_on(same_history(&Folder::new(options), &history));
    }
}
