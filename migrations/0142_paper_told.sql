-- Details given afterwards may name another paper than the procedure's: the office reads which.
GRANT UPDATE (source) ON quality.case TO dancu_worker;
