CREATE TABLE twice (no int PRIMARY KEY);
-- a; comment
INSERT INTO twice
VALUES (1); INSERT INTO twice VALUES (1);
SELECT 'never';
