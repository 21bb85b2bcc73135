-- authority: DELETE on ITMBAL of the kit's own library
DELETE FROM {library}.ITMBAL WHERE IBITNB = ? AND IBWHS = ?
