-- authority: that of the customer's SELECT
{common}SELECT {columns} FROM ({select}
) AS Q WHERE {condition} ORDER BY {order} FETCH FIRST {limit} ROWS ONLY FOR READ ONLY {isolation}
