//! What does clir say about itself while it runs?
