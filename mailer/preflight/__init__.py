"""What is looked at before a mailing may leave: one module for each group of checks, `running` for all of them."""
