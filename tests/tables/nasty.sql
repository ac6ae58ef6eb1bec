-- Tables that are hard to write to, and what becomes of each.

CREATE TYPE mood AS ENUM ('so ''so''', 'ok');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN code AS varchar(5) NOT NULL;
CREATE TABLE composite (a smallint, b text, c date, PRIMARY KEY (a, b, c));
CREATE TABLE composite_child (x smallint, y text, z date, FOREIGN KEY (x, y, z) REFERENCES composite);
CREATE TABLE tree (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent bigint REFERENCES tree, root bigint NOT NULL REFERENCES tree);
CREATE TABLE cycle_a (id int PRIMARY KEY, b int NOT NULL);
CREATE TABLE cycle_b (id int PRIMARY KEY, a int NOT NULL REFERENCES cycle_a DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE cycle_a ADD FOREIGN KEY (b) REFERENCES cycle_b DEFERRABLE;
CREATE TABLE generated (a int NOT NULL, double int GENERATED ALWAYS AS (a * 2) STORED, m mood NOT NULL, p positive NOT NULL, c code, ms mood[]);
CREATE TABLE "Upper ""Case""" ("Some Column" timestamptz PRIMARY KEY, "select" interval, bits bit(7), u uuid UNIQUE, j jsonb, i inet, n numeric(2,2));
CREATE TABLE bare ();
CREATE TABLE booking (during int4range, room int NOT NULL, EXCLUDE USING gist (during WITH &&));
CREATE TABLE parts (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE parts_all PARTITION OF parts (at, id) DEFAULT;
CREATE UNLOGGED TABLE here_only (a int);
CREATE TABLE audit (what text);
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a = 5; RETURN NEW; END $$;
CREATE TABLE noted (a int);
CREATE TRIGGER noted BEFORE INSERT ON noted FOR EACH ROW EXECUTE FUNCTION noted();
