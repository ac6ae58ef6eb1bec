CREATE TABLE reading (id int, taken date, PRIMARY KEY (id, taken)) PARTITION BY RANGE (taken);
CREATE TABLE reading_2030 PARTITION OF reading FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
CREATE TABLE reading_later PARTITION OF reading DEFAULT;
CREATE TABLE sensor (id int PRIMARY KEY, place text);
