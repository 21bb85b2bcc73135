-- authority: *OBJOPR and *READ on the profile
-- https://www.ibm.com/docs/en/i/7.5?topic=services-user-info-view
SELECT TEXT_DESCRIPTION, STATUS, NO_PASSWORD_INDICATOR, SPECIAL_AUTHORITIES
  FROM QSYS2.USER_INFO
 WHERE AUTHORIZATION_NAME = ?
