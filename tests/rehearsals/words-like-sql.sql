CREATE TABLE "odd""; DROP TABLE employer; --" (id int PRIMARY KEY, "a"") ; DROP TABLE employer; --" text);
ALTER TABLE "odd""; DROP TABLE employer; --" REPLICA IDENTITY FULL;
