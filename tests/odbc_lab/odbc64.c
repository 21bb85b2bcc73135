/* An ODBC driver in front of IBM's libdb2.so.1, which writes 32-bit lengths where a 64-bit driver manager reads 64-bit ones:
 * IBM's 64-bit build, libdb2o.so, is not in the ibm-db package, and without this every NULL of a fixed-size column comes
 * back as the previous row's value, silently. Only calls that return a length need a wrapper; unixODBC finds every other
 * function in libdb2.so.1 through this library's dependencies. The lengths' types: SQLLEN and SQLULEN in unixODBC's
 * sqltypes.h. tests/labs/odbc.sh builds it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

typedef short Return;
typedef long Length;
typedef unsigned short Word;
typedef short Short;
typedef void *Pointer;

static void *driver(void) {
  static void *handle;
  if (!handle) handle = dlopen("libdb2.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (!handle) handle = dlopen("libdb2.so.1", RTLD_NOW);
  return handle;
}

#define REAL(type, name)                 \
  static __typeof__(type) *real;         \
  if (!real) real = (__typeof__(type) *) dlsym(driver(), name)

Return SQLGetData(Pointer statement, Word column, Short type, Pointer buffer, Length size, Length *indicator) {
  REAL(Return(Pointer, Word, Short, Pointer, int, int *), "SQLGetData");
  int narrow = 0;
  Return code = real(statement, column, type, buffer, size > 0x7fffffff ? 0x7fffffff : (int) size, indicator ? &narrow : NULL);
  if (indicator && (code == 0 || code == 1)) *indicator = narrow;
  return code;
}

Return SQLRowCount(Pointer statement, Length *rows) {
  REAL(Return(Pointer, int *), "SQLRowCount");
  int narrow = 0;
  Return code = real(statement, &narrow);
  if (rows) *rows = narrow;
  return code;
}

#define DESCRIBE_COLUMN(function, character)                                                                            \
  Return function(Pointer statement, Word column, character *name, Short size, Short *length, Short *type, Length *width, \
                  Short *digits, Short *nullable) {                                                                     \
    REAL(Return(Pointer, Word, character *, Short, Short *, Short *, unsigned *, Short *, Short *), #function);         \
    unsigned narrow = 0;                                                                                                \
    Return code = real(statement, column, name, size, length, type, &narrow, digits, nullable);                         \
    if (width) *width = narrow;                                                                                         \
    return code;                                                                                                        \
  }
DESCRIBE_COLUMN(SQLDescribeCol, char)
DESCRIBE_COLUMN(SQLDescribeColW, Word)

#define COLUMN_ATTRIBUTE(function)                                                                                       \
  Return function(Pointer statement, Word column, Word field, Pointer text, Short size, Short *length, Length *number) { \
    REAL(Return(Pointer, Word, Word, Pointer, Short, Short *, int *), #function);                                        \
    int narrow = 0;                                                                                                      \
    Return code = real(statement, column, field, text, size, length, &narrow);                                           \
    if (number) *number = narrow;                                                                                        \
    return code;                                                                                                         \
  }
COLUMN_ATTRIBUTE(SQLColAttribute)
COLUMN_ATTRIBUTE(SQLColAttributeW)
COLUMN_ATTRIBUTE(SQLColAttributes)
COLUMN_ATTRIBUTE(SQLColAttributesW)

Return SQLDescribeParam(Pointer statement, Word number, Short *type, Length *width, Short *digits, Short *nullable) {
  REAL(Return(Pointer, Word, Short *, unsigned *, Short *, Short *), "SQLDescribeParam");
  unsigned narrow = 0;
  Return code = real(statement, number, type, &narrow, digits, nullable);
  if (width) *width = narrow;
  return code;
}

Return SQLGetStmtAttr(Pointer statement, int attribute, Pointer value, int size, int *length) {
  REAL(Return(Pointer, int, Pointer, int, int *), "SQLGetStmtAttr");
  long wide = 0;
  if (size > 8 || !value) return real(statement, attribute, value, size, length);
  Return code = real(statement, attribute, &wide, size, length);
  *(long *) value = wide;
  return code;
}
