CREATE TABLE visit (no int, season date, PRIMARY KEY (no, season)) PARTITION BY RANGE (season);
CREATE TABLE visit_spring PARTITION OF visit FOR VALUES FROM ('2031-03-01') TO ('2031-06-01');
CREATE TABLE visit_other PARTITION OF visit DEFAULT;
INSERT INTO visit SELECT n, date '2031-01-01' + n FROM generate_series(1, 150) n;
