INSERT INTO visit SELECT n, date '2031-02-28' + n % 90 + 1 FROM generate_series(1, 100) n;
