"""Signing up for a list: the hosted form, the form for other sites, the mail that asks, and the answer to it.

What is typed proves nothing, so the page says the same to everybody, at the same pace, whoever is known (A8); what
differs stands in the mail, which only the owner of the mailbox reads.
"""
