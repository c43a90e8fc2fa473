"""How dates and times are written, by language; what a language leaves out here is as Django has it."""
