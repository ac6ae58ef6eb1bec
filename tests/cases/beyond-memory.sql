CREATE TABLE longest (words text);
SET work_mem = '2GB';
INSERT INTO longest SELECT max(words) FROM (SELECT repeat(md5(n::text), 8) AS words FROM generate_series(1, 2000000) AS n ORDER BY 1) AS sorted;
