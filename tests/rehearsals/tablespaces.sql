CREATE TABLESPACE in_place LOCATION '';
COPY (SELECT 1) TO PROGRAM 'mkdir /var/lib/postgresql/apart';
CREATE TABLESPACE apart LOCATION '/var/lib/postgresql/apart';
CREATE TABLE in_place (id int PRIMARY KEY) TABLESPACE in_place;
CREATE TABLE apart (id int PRIMARY KEY, text text) TABLESPACE apart;
INSERT INTO in_place SELECT generate_series(1, 100);
INSERT INTO apart SELECT id, 'x' FROM generate_series(1, 100) AS id;
