// Nothing but the precompiled headers of the tests (cmake/psephos.cmake).
