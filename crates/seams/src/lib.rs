//! The traits between services and engines, each with its error enum and what an implementer owes.
