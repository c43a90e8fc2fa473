"""Mail that comes back to us: kept as it came, read by a worker, and turned into reports like those of a provider.

It comes by the provider's webhook (`mailer.webhooks`) or is fetched from a mailbox (`mailboxes`). Nothing here ever
answers a mail, so no loop can begin with us.
"""
