-- authority: *EXECUTE and *ADD on the kit's own library
CREATE PROCEDURE {library}.KITOK () LANGUAGE SQL BEGIN END
