-- authority: DELETE on ITMPRC of the kit's own library
DELETE FROM {library}.ITMPRC WHERE IPITNB = ?
