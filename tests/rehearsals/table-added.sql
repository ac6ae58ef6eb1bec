CREATE TABLE shelf (label text PRIMARY KEY, room text);
CREATE TABLE shelf_keeper (no int PRIMARY KEY, name text);
INSERT INTO shelf VALUES ('a', 'north'), ('b', 'south'), ('c', 'cellar');
