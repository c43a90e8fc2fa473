"""The provider sandbox: stands for the mail provider on a laptop and in tests.

It speaks Mailgun's HTTP API and SMTP, logs what it accepts before it answers, shows it as an inbox,
and posts back signed events. Development only; imports nothing of Django.
"""
