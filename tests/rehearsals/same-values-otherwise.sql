CREATE SCHEMA "Dept, of.";
CREATE TABLE captured ("q""uote" text, extra text DEFAULT 'here', h bigint, "T" numeric, d int, r varchar, t text, id bigint PRIMARY KEY);
INSERT INTO captured SELECT NULL, 'here', g, g, g, 'y', 'x', g FROM generate_series(1, 5) g;
CREATE TABLE "Dept, of."."My ""Table""" ("Some Col" text, id int PRIMARY KEY);
INSERT INTO "Dept, of."."My ""Table""" VALUES ('a', 1), (NULL, 2);
CREATE TABLE "select" (a int);
INSERT INTO "select" SELECT 7 FROM generate_series(1, 3);
CREATE TABLE nothing_in_it ();
INSERT INTO nothing_in_it DEFAULT VALUES;
INSERT INTO nothing_in_it DEFAULT VALUES;
CREATE TYPE place AS (x float8, y text);
CREATE TABLE kinds (
    id int PRIMARY KEY, at timestamptz, day date, span interval, raw bytea, real4 float4, real8 float8, cost numeric(10,4),
    costs numeric[], period numrange, note text, doc jsonb, bin jsonb, spot place, cash money, code char(9), rel regclass
);
INSERT INTO kinds VALUES
    (1, '2026-01-02 08:34:05+05:30', '2026-02-03', '1 day 2 hours', '\x00ff', 0.1, 0, 1.00, '{1,NULL,NaN}', '[1,2.5)', '',
     '{"a": 1}', '{"a": 1}', '(1,"")', 1.5, 'ab', 'public.captured'),
    (2, 'infinity', NULL, NULL, NULL, 'NaN', 'Infinity', 'NaN', '{}', 'empty', NULL, 'null', NULL, NULL, NULL, NULL, NULL);
CREATE TABLE parent (id int);
CREATE TABLE child (extra int) INHERITS (parent);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (2, 2);
CREATE TABLE parts (id int PRIMARY KEY);
INSERT INTO parts VALUES (11), (1);
CREATE VIEW dear AS SELECT cost, id FROM kinds;
