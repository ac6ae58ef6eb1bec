-- Each of these needs a transaction of its own, or none.
CREATE TABLE t (id int PRIMARY KEY);
SELECT pg_create_logical_replication_slot('own', 'pgoutput');
CREATE TYPE state AS ENUM ('draft', 'sent');
CREATE TABLE invoice (id int PRIMARY KEY, s state);
ALTER TYPE state ADD VALUE 'paid';
INSERT INTO invoice VALUES (1, 'paid');
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1, 1);
ALTER TABLE child ADD COLUMN note text;
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..3 LOOP INSERT INTO t VALUES (i); COMMIT; END LOOP; END $$;
CALL fill();
DO $$ BEGIN FOR i IN 4..6 LOOP INSERT INTO t VALUES (i); COMMIT; END LOOP; END $$;
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO child VALUES (2, 2);
INSERT INTO parent VALUES (2);
COMMIT;
BEGIN; INSERT INTO t VALUES (99); ROLLBACK;
BEGIN; INSERT INTO t VALUES (7); PREPARE TRANSACTION 'left_behind';
VACUUM ANALYZE t;
CREATE INDEX CONCURRENTLY i ON parent (id);
CREATE DATABASE another;
CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
COPY t (id) FROM stdin;
8
9
\.
COPY parent FROM PROGRAM 'echo 3';
CREATE TABLE noted (id int PRIMARY KEY, d text DEFAULT 'a;b' CHECK (d <> $q$;$q$));
/* nested /* comment; */ still ; */ INSERT INTO noted VALUES (1);
CREATE RULE r AS ON INSERT TO noted WHERE new.id = 99 DO INSTEAD (SELECT 1; SELECT 2);
COPY noted (id, d) FROM STDIN WITH (FORMAT csv, HEADER);
id,d
7,"a
b;c"
8,x
\.
CREATE TABLE audit (id int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (new.id); RETURN new; END $$;
CREATE TRIGGER note AFTER INSERT ON invoice FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO invoice VALUES (2, 'sent');
SET ROLE pg_monitor;
