"""The links of a mailing: what each person gets filled in, and, where staff switched it on, who followed which."""
