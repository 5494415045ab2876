"""Every file format as frozen pydantic models. The only user of pydantic."""
