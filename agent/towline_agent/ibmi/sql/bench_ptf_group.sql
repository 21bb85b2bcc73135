-- authority: *USE on the command WRKPTFGRP
-- https://ibm.com/support/knowledgecenter/ssw_ibm_i_74/rzajq/rzajqviewgrpptfinfo.htm
SELECT PTF_GROUP_NAME, MAX(PTF_GROUP_LEVEL) FROM QSYS2.GROUP_PTF_INFO
 WHERE PTF_GROUP_NAME IN ('SF99703', 'SF99704', 'SF99950', 'SF99960') AND PTF_GROUP_STATUS = 'INSTALLED'
 GROUP BY PTF_GROUP_NAME
