select count(*) from letter
