//! Sockets, request budgets and gap repair: what fills the raw log.
