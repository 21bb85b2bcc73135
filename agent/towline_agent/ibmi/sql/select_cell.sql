-- authority: that of the customer's SELECT
{common}SELECT {cell} FROM ({select}
) AS Q WHERE {condition} FOR READ ONLY {isolation}
