CREATE TABLE reading (id int, taken date, PRIMARY KEY (id, taken)) PARTITION BY HASH (id);
CREATE TABLE reading_even PARTITION OF reading FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE reading_odd PARTITION OF reading FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE sensor (place text, id int PRIMARY KEY, seen boolean DEFAULT true);
