//! Which protocol are these bytes?
