"""The demo: two campaigns, invented representatives on every continent, and a staff login. Never in production.

What it says stands beside this module, in files that can be read and changed without knowing Python:

    representatives/<country>.yaml      legislatures, areas, postcodes and people of one country
    <campaign>/campaign.yaml            how a campaign works: its pace, its rules, its list
    <campaign>/<language>.yaml          what it says in one language, and its letter templates
    newsletter/                         a draft newsletter in four languages, and who would get it

All people are invented, and every address ends in `.example`, which no mail server serves (RFC 2606). The part
before the @ tells the provider sandbox what becomes of a letter: `bounce-…`, `slow-…`, `block-…`, `nonews-…`.
"""
