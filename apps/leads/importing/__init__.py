"""Files of people made into leads: found out, mapped, checked, saved in batches, and taken back.

`detection` and `tables` read a file, `mapping` says which column goes where, `normalising` turns a row into values,
`staging` copies them into a table of the job's own, `saving` makes leads of them, `undoing` takes that back.
"""
