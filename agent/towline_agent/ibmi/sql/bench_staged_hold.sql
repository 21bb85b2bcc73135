-- authority: UPDATE on WEBORDH of the kit's own library
UPDATE {library}.WEBORDH SET REASON = 'order entry looks at it' WHERE EVENTID = ?
