"""One module a format. Each has

- `SOURCE`: the name its rows are kept under (or `source(file, reading)` where one format has many sources),
- `ROUTE_KINDS`: the kinds of routes its files are complete for; only those are retired when missing,
- `own_date(file)`: the day the file is about, where it tells one,
- `read(file, reading)`: a generator of `PersonRecord`.
"""
