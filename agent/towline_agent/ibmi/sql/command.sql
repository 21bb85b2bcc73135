-- authority: that of the command
-- Only for commands of ours, written out in the code; never text from outside.
CALL QSYS2.QCMDEXC(?)
