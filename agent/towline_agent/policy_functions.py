"""Which functions a customer's SELECT calls: Db2's own, or others that the policy must name.

A SELECT only reads, but a function in it may do anything: QSYS2.QCMDEXC runs a command as a scalar
function (https://www.ibm.com/docs/en/i/7.5?topic=services-qcmdexc-scalar-function),
QSYS2.RECEIVE_DATA_QUEUE takes entries away, QSYS2.IFS_WRITE and the HTTP functions write and talk
to the outside. So the list says what is allowed, not what is not: the built-in functions of the SQL
reference that compute from their arguments alone. Everything else, the IBM i services and the
customer's own functions, stands with its library in ``[policy] functions`` or is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["BUILT_IN", "FunctionName", "functions_of"]

# https://www.ibm.com/docs/en/i/7.5?topic=reference-built-in-functions : those without effects.
BUILT_IN = frozenset(
    """
    ABS ABSVAL ACOS ADD_DAYS ADD_HOURS ADD_MINUTES ADD_MONTHS ADD_SECONDS ADD_YEARS ANTILOG
    ARRAY_AGG ASCII ASIN ATAN ATAN2 ATANH AVG BIGINT BINARY BIN BITAND BITANDNOT BITNOT BITOR
    BITXOR BIT_LENGTH BLOB BOOLEAN BTRIM CARDINALITY CAST CEIL CEILING CHAR CHARACTER
    CHARACTER_LENGTH CHAR_LENGTH CHR CLOB COALESCE COMPARE_DECFLOAT CONCAT CORR CORRELATION COS
    COSH COT COUNT COUNT_BIG COVAR COVARIANCE COVAR_POP COVAR_SAMP CUME_DIST CURDATE CURTIME
    DATE DAY DAYNAME DAYOFMONTH DAYOFWEEK DAYOFWEEK_ISO DAYOFYEAR DAYS DBCLOB DEC DECFLOAT
    DECFLOAT_FORMAT DECFLOAT_SORTKEY DECIMAL DECODE DEGREES DENSE_RANK DIFFERENCE DIGITS DOUBLE
    DOUBLE_PRECISION EVERY EXP EXTRACT FIRST_DAY FIRST_VALUE FLOAT FLOOR GRAPHIC GREATEST
    GROUPING HASH HASH_MD5 HASH_SHA1 HASH_SHA256 HASH_SHA512 HEX HEXTORAW HOUR IFNULL INITCAP
    INSERT INSTR INT INTEGER INTERPRET JSON_ARRAY JSON_ARRAYAGG JSON_OBJECT JSON_OBJECTAGG
    JSON_QUERY JSON_TABLE JSON_VALUE JULIAN_DAY LAG LAND LAST_DAY LAST_VALUE LCASE LEAD LEAST
    LEFT LENGTH LISTAGG LN LNOT LOCATE LOCATE_IN_STRING LOG LOG10 LOR LOWER LPAD LTRIM MAX
    MEDIAN MICROSECOND MIDNIGHT_SECONDS MIN MINUTE MOD MONTH MONTHNAME MONTHS_BETWEEN
    MULTIPLY_ALT NCHAR NCLOB NEXT_DAY NOW NTH_VALUE NTILE NULLIF NUMERIC NVARCHAR NVL NVL2
    OCTET_LENGTH OVERLAY PERCENTILE_CONT PERCENTILE_DISC PERCENT_RANK PI POSITION POSSTR POWER
    QUARTER RADIANS RANK RATIO_TO_REPORT REAL REGEXP_COUNT REGEXP_INSTR REGEXP_LIKE
    REGEXP_REPLACE REGEXP_SUBSTR REPEAT REPLACE RIGHT ROUND ROUND_TIMESTAMP ROWNUMBER ROW_NUMBER
    RPAD RRN RTRIM SECOND SIGN SIN SINH SMALLINT SOUNDEX SPACE SQRT STDDEV STDDEV_POP
    STDDEV_SAMP STRIP STRLEFT STRPOS STRRIGHT SUBSTR SUBSTR2 SUBSTRING SUM TAN TANH TIME
    TIMESTAMP TIMESTAMPDIFF TIMESTAMP_FORMAT TIMESTAMP_ISO TO_CHAR TO_CLOB TO_DATE TO_NUMBER
    TO_TIMESTAMP TRANSLATE TRIM TRUNC TRUNCATE TRUNC_TIMESTAMP UCASE UPPER VALUE VARBINARY
    VARBINARY_FORMAT VARCHAR VARCHAR_FORMAT VARGRAPHIC VARIANCE VARIANCE_SAMP VAR VAR_POP
    VAR_SAMP WEEK WEEK_ISO XOR YEAR ZONED
    """.split()
)

# Words of SQL that may stand before a parenthesis and call nothing.
_WORDS = frozenset(
    """
    ALL AND ANY AS BETWEEN BY CASE CUBE DISTINCT ELSE EXCEPT EXISTS FETCH FIRST FOR FROM FULL
    GROUP GROUPING HAVING IN INNER INTERSECT IS JOIN LATERAL LIKE LIMIT NEXT NOT OFFSET ON OR
    ORDER OUTER OVER PARTITION RIGHT ROLLUP SELECT SETS SOME TABLE THEN UNION USING VALUES WHEN
    WHERE WITH WITHIN
    """.split()
)
_NAME = r'(?:"[^"]+"|[A-Z$#@][A-Z0-9$#@_]*)'
_CALL = re.compile(rf"(?<![A-Z0-9$#@_\"])({_NAME})(?:\s*[./]\s*({_NAME}))?\s*\(")
_CORRELATED = re.compile(rf"\bAS\s+({_NAME})\s*\(")


@dataclass(frozen=True, slots=True)
class FunctionName:
    """A function by library (schema) and name; ``library`` is empty where the text names none."""

    library: str
    name: str

    def __str__(self) -> str:
        return f"{self.library}/{self.name}" if self.library else self.name


def functions_of(text: str, *, common: frozenset[str] = frozenset()) -> Iterator[FunctionName]:
    """Yield the functions a SELECT calls that are not Db2's own.

    Args:
        text: the SELECT in upper case, without comments and literals.
        common: names of its common table expressions, which may have columns in parentheses.
    """
    columns = {match.start(1) for match in _CORRELATED.finditer(text)}
    for match in _CALL.finditer(text):
        first, second = match[1].strip('"'), (match[2] or "").strip('"')
        if second:
            yield FunctionName(first, second)
        elif match[1].startswith('"') or not (
            first in BUILT_IN or first in _WORDS or first in common or match.start(1) in columns
        ):
            yield FunctionName("", first)
