def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; only in ./dev test long")
