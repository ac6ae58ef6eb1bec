CREATE TABLE shelf (label text PRIMARY KEY, metres numeric); INSERT INTO shelf VALUES ('b', 2), ('c', 1.5);
