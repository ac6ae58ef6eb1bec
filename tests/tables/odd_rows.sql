INSERT INTO nokey VALUES (1);
INSERT INTO flags VALUES (true), (true);
INSERT INTO fullrow VALUES (1, 'x');
INSERT INTO parted VALUES (1, 'x');
INSERT INTO chk VALUES (1, 'x');
