"""The preference centre: what people may see and decide about our mails to them, without an account."""
