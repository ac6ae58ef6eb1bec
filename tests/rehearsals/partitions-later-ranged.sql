CREATE TABLE visit (no int, season date, PRIMARY KEY (no, season)) PARTITION BY RANGE (season);
CREATE TABLE visit_spring PARTITION OF visit FOR VALUES FROM ('2031-03-01') TO ('2031-06-01');
