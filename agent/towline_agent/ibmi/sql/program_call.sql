-- authority: *EXECUTE on the library, EXECUTE on the procedure
CALL {program}({values})
