CREATE SCHEMA "Dept, of.";
-- Columns with the names that a query may use.
CREATE TABLE captured (id int PRIMARY KEY, t text, r text, d int, h int, "T" int, "q""uote" text);
INSERT INTO captured SELECT g, 'x', 'y', g, g, g, NULL FROM generate_series(1, 5) g;
CREATE TABLE "Dept, of."."My ""Table""" (id int PRIMARY KEY, "Some Col" text);
INSERT INTO "Dept, of."."My ""Table""" VALUES (1, 'a'), (2, NULL);
CREATE TABLE "select" (a int);
INSERT INTO "select" SELECT 7 FROM generate_series(1, 3);
CREATE TABLE nothing_in_it ();
INSERT INTO nothing_in_it DEFAULT VALUES;
INSERT INTO nothing_in_it DEFAULT VALUES;
CREATE DOMAIN price AS numeric;
CREATE TYPE place AS (x float8, y text);
CREATE TABLE kinds (
    id int PRIMARY KEY, at timestamptz, day date, span interval, raw bytea, real4 float4, real8 float8, cost price,
    costs numeric[], period numrange, note text, doc json, bin jsonb, spot place, cash money, code char(5), rel regclass,
    gone int, twice int GENERATED ALWAYS AS (id * 2) STORED
);
ALTER TABLE kinds DROP COLUMN gone;
INSERT INTO kinds VALUES
    (1, '2026-01-02 03:04:05+00', '2026-02-03', '1 day 2 hours', '\x00ff', 0.1, -0.0, 1.0, '{1.0,NULL,NaN}', '[1.0,2.50)', '',
     '{"a":1}', '{"a":1}', '(1,"")', 1.5, 'ab', 'public.captured'),
    (2, 'infinity', NULL, NULL, NULL, 'NaN', 'Infinity', 'NaN', '{}', 'empty', NULL, 'null', NULL, NULL, NULL, NULL, NULL);
CREATE TABLE parent (id int);
CREATE TABLE child (extra int) INHERITS (parent);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (2, 2);
CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10) TO (20);
INSERT INTO parts VALUES (1), (11);
CREATE VIEW dear AS SELECT id, cost FROM kinds;
