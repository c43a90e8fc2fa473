"""How staff sign in: password, second factor, passkey, or the organisation's own identity provider.

The steps are django-allauth's; what is ours is the desk's look, the budgets of `accounts.logins`, who may enter,
who must have a second factor, and the log.
"""
