//! Recorded or generated markets served in the venues' own wire protocols, with faults on request.
