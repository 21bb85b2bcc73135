-- authority: that of the customer's SELECT
-- The bracket closes on a line of its own, because a SELECT may end with a comment.
-- WITH UR waits for nothing and holds no lock; a value that is rolled back later may be read. WITH CS USE
-- CURRENTLY COMMITTED reads the committed one: https://www.ibm.com/docs/en/ssw_ibm_i_75/rzajq/rzajqcurrentcommit.htm
{common}SELECT * FROM ({select}
) AS Q WHERE {condition} FOR READ ONLY {isolation}
