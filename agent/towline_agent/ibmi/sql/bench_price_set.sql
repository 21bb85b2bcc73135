-- authority: UPDATE on ITMPRC of the kit's own library
UPDATE {library}.ITMPRC SET IPPRC = ? WHERE IPITNB = ? AND IPLIST = 'STD'
