-- Tables that take no row of ours, one in each way.

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE again SET b = b + 1 WHERE id = NEW.id; RETURN NULL; END $$;
CREATE TABLE refusing_full (a int); INSERT INTO refusing_full VALUES (1);
CREATE TRIGGER refuse BEFORE INSERT ON refusing_full FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TABLE refusing_empty (a int);
CREATE TRIGGER refuse BEFORE INSERT ON refusing_empty FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TABLE swallowing (a int);
CREATE TRIGGER swallow BEFORE INSERT ON swallowing FOR EACH ROW EXECUTE FUNCTION swallow();
CREATE TABLE again (id int PRIMARY KEY, b int); INSERT INTO again VALUES (1, 1);
CREATE TRIGGER again AFTER INSERT ON again FOR EACH ROW EXECUTE FUNCTION again();
CREATE TABLE always (a int);
CREATE TRIGGER always AFTER INSERT ON always FOR EACH ROW EXECUTE FUNCTION swallow();
ALTER TABLE always ENABLE ALWAYS TRIGGER always;
CREATE TABLE checked (id int PRIMARY KEY CHECK (id > 0), t text); INSERT INTO checked VALUES (1, 'mine');
CREATE TABLE child_of_checked (id int PRIMARY KEY, up int NOT NULL REFERENCES checked);
CREATE TABLE child_of_empty (id int PRIMARY KEY, up int NOT NULL REFERENCES empty_checked) ;
CREATE TABLE nullable_check (a int CHECK (a > 100), b positive);
CREATE TABLE months (id int, m int NOT NULL) PARTITION BY LIST (m);
CREATE TABLE months_7 PARTITION OF months FOR VALUES IN (7); INSERT INTO months VALUES (1, 7);
