-- authority: *OBJOPR on WEBORDH of the kit's own library; held until the unit of work ends
LOCK TABLE {library}.WEBORDH IN EXCLUSIVE MODE
