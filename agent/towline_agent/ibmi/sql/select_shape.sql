-- authority: that of the customer's SELECT
{common}SELECT * FROM ({select}
) AS Q WHERE 1 = 0 FOR READ ONLY WITH UR
