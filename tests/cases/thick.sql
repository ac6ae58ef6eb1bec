CREATE TABLE thick (no int PRIMARY KEY, filling text);
